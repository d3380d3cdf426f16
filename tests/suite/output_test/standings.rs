//! How things stand.

use std::path::Path;

use chute_toggl::output::{Status, status_text};
use time::Duration as Span;

use super::*;

const MORNING: OffsetDateTime = datetime!(2026-05-11 09:05 +9);

fn status(scene: &Scene, taken: Option<i64>) -> String {
    let snapshot_path = Path::new("/home/me/.local/share/chute_kun/snapshot.toml");
    let sidecar_path = Path::new("/home/me/.local/share/chute_kun/sync/toggl.json");
    status_text(&Status { view: scene.view(), snapshot_path, sidecar_path, taken }, &PLAIN)
}

#[test]
fn before_the_first_push() {
    let mut scene = Scene::new().with("A", session(MORNING, MORNING + Span::hours(1)), |_| {}).planned();
    scene.first_push = true;
    assert_eq!(
        status(&scene, None),
        "\
Snapshot   /home/me/.local/share/chute_kun/snapshot.toml, saved 13:19
Sidecar    /home/me/.local/share/chute_kun/sync/toggl.json (none yet)
Last push  never
Quota      workspace: unknown; user: unknown

Mon 2026-05-11
  + create  09:05-10:05  1:00  A  new

This is the first push: Toggl is asked once what it already holds, and what is
there is adopted, not doubled.
create 1; 0 in agreement; 2 requests, about 1 s.
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
Last push  took in what was saved Sun 2026-05-10 12:20; last request Sun 2026-05-10 13:20
Quota      workspace: 25 left until 14:05; user: full again
Inferred   1 session: the day is the likeliest of several

In agreement: 1 session.
"
    );
}

#[test]
fn an_empty_bucket_says_until_when() {
    let scene = Scene::new().quota(-1, 2700).planned();
    assert!(status(&scene, None).contains("workspace: none left until 14:05; user: unknown\n"));
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
    assert!(text.contains("Toggl refused 1 session:\nToggl said \"Project is archived\" (400). "), "{text}");
    assert!(text.ends_with("Nothing to send; 0 in agreement; held back: 1 refused.\n"), "{text}");
}
