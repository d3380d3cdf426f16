//! How things stand.

use std::path::Path;

use chute_toggl::output::{Status, status_text};
use time::Duration as Span;

use super::*;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);

fn status(scene: &Scene, last_snapshot_saved: Option<i64>) -> String {
    let snapshot_path = Path::new("/home/me/.local/share/chute_kun/snapshot.toml");
    let sidecar_path = Path::new("/home/me/.local/share/chute_kun/sync/toggl.json");
    status_text(&Status { view: scene.view(), snapshot_path, sidecar_path, last_snapshot_saved }, &PLAIN)
}

#[test]
fn before_the_first_push() {
    let mut scene = Scene::new().with("A", session(MORNING, MORNING + Span::hours(1)), |_| {});
    scene.sidecar.scanned_from = None;
    let scene = scene.planned();
    assert_eq!(
        status(&scene, None),
        "\
Snapshot   /home/me/.local/share/chute_kun/snapshot.toml, saved 13:19
Sidecar    /home/me/.local/share/chute_kun/sync/toggl.json (none yet)
Last push  never
Quota      writing: unknown; reading: unknown

Mon 2026-05-11  1:00 h
  + create  09:05-10:05  1:00  A  new

This is the first push. It asks Toggl first which of these it already has, and
adopts those instead of sending them twice.
To send: create 1; 0 up to date; 2 requests, about 1 s.
"
    );
}

#[test]
fn in_agreement_with_the_quota_as_last_known() {
    let mut scene = Scene::new().quota(25, 2700).with("A", session(MORNING, MORNING), |record| {
        told("A")(record);
        record.inferred = true;
    });
    scene.sidecar.quota.last_request_ms = Some((NOW.unix_timestamp() - 86_400) * 1000);
    scene.sidecar.quota.user = Some(Level { remaining: Some(3), resets_at: NOW.unix_timestamp() - 1 });
    let scene = scene.planned();
    assert_eq!(
        status(&scene, Some(NOW.unix_timestamp() - 90_000)),
        "\
Snapshot   /home/me/.local/share/chute_kun/snapshot.toml, saved 13:19
Sidecar    /home/me/.local/share/chute_kun/sync/toggl.json
Last push  read the snapshot that was saved Sun 2026-05-10 12:20; last request
           Sun 2026-05-10 13:20
Quota      writing: 25 left until 14:05; reading: full again

~ The day of 1 session is the likeliest of several. Where it is wrong, move the
  entry to its day in Toggl, then run `chute-toggl verify --accept`:
  Mon 2026-05-11 09:05-09:05  A

Up to date: 1 session.
"
    );
}

#[test]
fn an_empty_bucket_says_until_when() {
    let scene = Scene::new().quota(-1, 2700).planned();
    assert!(status(&scene, None).contains("writing: none left until 14:05; reading: unknown\n"));
}

#[test]
fn what_is_refused_is_listed_with_what_toggl_said() {
    let mut scene = Scene::new();
    scene.add("A", session(MORNING, MORNING), |record| record.rejected = Some(rejection(400, "Project is archived")));
    let mut scene = scene.planned();
    // The fingerprint of what was refused is of no interest here.
    let session = scene.plan.operations.remove(0).sessions[0];
    scene
        .plan
        .held
        .push(chute_toggl::reconcile::plan::Held { session, why: chute_toggl::reconcile::plan::HoldReason::Rejected });
    let text = status(&scene, None);
    assert!(text.contains("Toggl rejected 1 session:\nToggl said \"Project is archived\" (400). "), "{text}");
    assert!(text.ends_with("Nothing to send; 0 up to date; held back: 1 rejected.\n"), "{text}");
}
