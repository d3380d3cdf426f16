//! The sidecar's file: what is durable before what, power cuts, full disks, locks, modes and links.

use std::cell::RefCell;
use std::fs;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use chute_toggl::chute_kun::snapshot;
use chute_toggl::clock::Clock as _;
use chute_toggl::execute::{Effects, Report, StopReason, Unwatched, execute};
use chute_toggl::reconcile::ingest::ingest;
use chute_toggl::sidecar::file::{Disk, LockError, RealDisk, SidecarFile, load, lock_path};
use chute_toggl::sidecar::{Digest, SavedLast, Sidecar};
use chute_toggl::toggl::{Answer, Failure, Method, Request, Sender, Transport};
use tempfile::{NamedTempFile, TempDir};

use crate::sandbox::InProcess;
use crate::support::crash::folder;
use crate::support::in_process::User;
use crate::support::push_case::{self, Prepared, PushCase, Save, utc};

/// What a machine remembers when its power is cut: a file's content only once that is durable, a new name only once
/// the folder is.
#[derive(Default)]
struct Machine {
    /// What happened, in order.
    log: Vec<&'static str>,
    /// Whether the content of the new file is durable.
    file_is_durable: bool,
    /// What the name surely stands for; `None`: there is no such name.
    durable: Option<Vec<u8>>,
    /// What the name may stand for instead.
    possible: Option<Vec<u8>>,
    /// The step before which the power is cut, or the disk is full.
    fatal: Option<usize>,
    is_full: bool,
}

impl Machine {
    fn step(&mut self, name: &'static str) -> io::Result<()> {
        self.log.push(name);
        if self.fatal == Some(self.log.len()) {
            if self.is_full {
                return Err(ErrorKind::StorageFull.into());
            }
            resume_unwind(Box::new(PowerCut));
        }
        Ok(())
    }

    /// All that the file can be found to hold after a power cut now.
    fn outcomes(&self) -> Vec<Option<Vec<u8>>> {
        [Some(self.durable.clone()), self.possible.clone().map(Some)].into_iter().flatten().collect()
    }
}

/// Why a push ended.
struct PowerCut;

/// The disk and the network of such a machine.
#[derive(Clone)]
struct Parts(Rc<RefCell<Machine>>);

impl Disk for Parts {
    fn write_new(&mut self, path: &Path, text: &[u8]) -> io::Result<NamedTempFile> {
        self.0.borrow_mut().step("write")?;
        self.0.borrow_mut().file_is_durable = false;
        RealDisk.write_new(path, text)
    }

    fn sync_file(&mut self, _: &NamedTempFile) -> io::Result<()> {
        self.0.borrow_mut().step("sync the file")?;
        self.0.borrow_mut().file_is_durable = true;
        Ok(())
    }

    fn rename(&mut self, file: NamedTempFile, path: &Path) -> io::Result<()> {
        self.0.borrow_mut().step("rename")?;
        let content = fs::read(file.path())?;
        RealDisk.rename(file, path)?;
        let mut machine = self.0.borrow_mut();
        // A name can be durable before the content is: then the file is empty.
        machine.possible = Some(if machine.file_is_durable { content } else { Vec::new() });
        Ok(())
    }

    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        self.0.borrow_mut().step("sync the folder")?;
        let mut machine = self.0.borrow_mut();
        if let Some(content) = machine.possible.take() {
            machine.durable = Some(content);
        }
        Ok(())
    }
}

struct Network(Parts, InProcess);

impl Transport for Network {
    fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let _ = self.0.0.borrow_mut().step(request.method.as_str());
        if request.method == Method::Post {
            self.has_intent(request);
        }
        let answer = self.1.send(request);
        let _ = self.0.0.borrow_mut().step("answer");
        answer
    }
}

impl Network {
    /// Whatever happens to the machine now, its disk says that this may have been sent.
    fn has_intent(&self, request: &Request) {
        let body = request.body.as_ref().unwrap();
        for outcome in self.0.0.borrow().outcomes() {
            let sidecar = Sidecar::from_json(&outcome.unwrap_or_default()).expect("the sidecar is whole");
            let intended = sidecar.sessions().any(|(_, _, record)| {
                let intent = record.intent.as_ref();
                intent.is_some_and(|intent| body["description"] == intent.description.as_str())
            });
            assert!(intended, "sent before the intent was durable: {body}");
        }
    }
}

/// One push of the user's user on such a machine, with the sidecar in a real folder.
fn push(user: &User, save: &Save, machine: &Parts, dir: &TempDir) -> Report {
    let path = dir.path().join("toggl.json");
    let snapshot = snapshot::parse(save.text.as_bytes()).unwrap();
    let mut sidecar = user.sidecar();
    let ingested = ingest(&mut sidecar, &snapshot, save.at, &utc());
    let mut disk = machine.clone();
    let mut network = Network(machine.clone(), user.toggl.clone());
    let (interrupted, quota) = (AtomicBool::new(false), sidecar.quota.clone());
    let rng = fastrand::Rng::with_seed(7);
    let mut sender = Sender::new(&mut network, &user.clock, &interrupted, rng, user.policy.clone(), quota);
    let mut store = SidecarFile::lock(&path, &mut disk).unwrap();
    let effects = Effects { sender: &mut sender, store: &mut store, watch: &mut Unwatched };
    execute(&mut sidecar, Digest::of(&user.disk), &ingested, &user.options, effects)
}

/// A machine on which the sidecar of the user is durable.
fn machine(user: &User, dir: &TempDir) -> Parts {
    let durable = (!user.disk.is_empty()).then(|| user.disk.clone());
    if let Some(text) = &durable {
        fs::write(dir.path().join("toggl.json"), text).unwrap();
    }
    Parts(Rc::new(RefCell::new(Machine { durable, ..Machine::default() })))
}

fn case(name: &str) -> PushCase {
    push_case::all().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn content_name_and_folder_are_durable_before_a_new_entry_is_sent() {
    let (case, dir) = (case("halt"), folder());
    let user = case.user(&case.prepare());
    let machine = machine(&user, &dir);
    push(&user, &case.save, &machine, &dir);
    let save = ["write", "sync the file", "rename", "sync the folder"];
    let expected = [&save[..], &["PATCH", "answer"], &save, &["POST", "answer"], &save].concat();
    assert_eq!(machine.0.borrow().log, expected);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "the sidecar, its lock and the log: {left:?}");
}

#[test]
fn power_cut_at_any_step_the_next_push_makes_it_good() {
    let (mut points, mut wrong) = (0, Vec::new());
    for case in push_case::all() {
        let prepared = case.prepare();
        for step in 1.. {
            let (user, dir) = (case.user(&prepared), folder());
            let machine = machine(&user, &dir);
            machine.0.borrow_mut().fatal = Some(step);
            match catch_unwind(AssertUnwindSafe(|| push(&user, &case.save, &machine, &dir))) {
                Ok(_) => break,
                Err(end) if end.is::<PowerCut>() => {}
                Err(failed) => resume_unwind(failed),
            }
            for outcome in machine.0.borrow().outcomes() {
                points += 1;
                let mut after = after(&user, &case, &prepared, outcome.unwrap_or_default());
                let at = format!("{}, step {step} ({:?})", case.name, machine.0.borrow().log.last());
                if let Err(why) = settled(&mut after, &case) {
                    wrong.push(format!("{at}: {why}"));
                }
            }
        }
    }
    println!("{points} points");
    assert!(wrong.is_empty(), "{} of {points} points:\n{}", wrong.len(), wrong.join("\n"));
}

/// The user of that user with this sidecar, when the later save has been made.
fn after(user: &User, case: &PushCase, prepared: &Prepared, sidecar: Vec<u8>) -> User {
    let mut after = case.user(prepared);
    *after.toggl.sandbox() = user.toggl.sandbox().twin(after.clock.clone());
    after.disk = sidecar;
    after.clock.set(user.clock.now().max(case.later.at) + 20);
    after
}

/// Pushes once more, and twice if need be.
fn settled(user: &mut User, case: &PushCase) -> Result<(), String> {
    if !user.disk.is_empty() && Sidecar::from_json(&user.disk).is_err() {
        return Err("the sidecar is damaged".to_owned());
    }
    for _ in 0..2 {
        let later = &case.later;
        let report = user.push(&later.text, later.at, &utc()).report;
        if report.end.is_none() && report.uncertain.is_empty() && report.left.operations.is_empty() {
            return case.fault_in(&user.toggl.sandbox(), &user.disk);
        }
    }
    Err("still not done".to_owned())
}

/// A first push once asked Toggl twice before it found out that it could save nothing.
#[test]
fn that_it_can_be_saved_is_known_before_the_first_request() {
    let mut first_pushes = 0;
    for case in push_case::all() {
        let prepared = case.prepare();
        let (user, dir) = (case.user(&prepared), folder());
        if !user.disk.is_empty() {
            continue;
        }
        first_pushes += 1;
        let machine = machine(&user, &dir);
        (machine.0.borrow_mut().fatal, machine.0.borrow_mut().is_full) = (Some(1), true);
        let report = push(&user, &case.save, &machine, &dir);
        assert!(matches!(report.end, Some(StopReason::Save(_))), "{}: {:?}", case.name, report.end);
        assert_eq!((report.requests, user.requests()), (0, 0), "{}", case.name);
    }
    assert!(first_pushes > 0);
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_the_old_file() {
    let case = case("mixed");
    let prepared = case.prepare();
    let (user, dir) = (case.user(&prepared), folder());
    let counted = machine(&user, &dir);
    push(&user, &case.save, &counted, &dir);
    let log = counted.0.borrow().log.clone();
    for (at, name) in
        log.iter().enumerate().filter(|(_, name)| !["answer", "sync the folder"].contains(name) && !is_method(name))
    {
        let (user, dir) = (case.user(&prepared), folder());
        let machine = machine(&user, &dir);
        (machine.0.borrow_mut().fatal, machine.0.borrow_mut().is_full) = (Some(at + 1), true);
        let before = fs::read(dir.path().join("toggl.json")).unwrap();
        let report = push(&user, &case.save, &machine, &dir);
        let Some(StopReason::Save(why)) = report.end else { panic!("{name} failed: {:?}", report.end) };
        assert!(why.contains("toggl.json") && why.contains("Make room"), "{why}");
        assert_eq!(machine.0.borrow().log.len(), at + 1, "nothing is sent or saved after it");
        let (text, sidecar) = load(&dir.path().join("toggl.json")).unwrap().unwrap();
        assert!(at > 4 || text == before, "{name}");
        assert!(!dir.path().join(".toggl.json.tmp").exists(), "{name}");
        let mut after = after(&user, &case, &prepared, text);
        assert_eq!(settled(&mut after, &case), Ok(()), "{name} {sidecar:?}");
    }
}

fn is_method(name: &str) -> bool {
    name.chars().all(char::is_uppercase)
}

#[test]
fn one_holds_the_lock_and_the_others_are_told() {
    let dir = folder();
    let path = dir.path().join("new/toggl.json");
    let held = (RealDisk, RealDisk);
    let (mut first, mut second) = held;
    let file = SidecarFile::lock(&path, &mut first).unwrap();
    match SidecarFile::lock(&path, &mut second) {
        Err(LockError::Busy(lock)) => assert!(lock.ends_with("toggl.json.lock")),
        _ => panic!("the lock was had twice"),
    }
    drop(file);
    assert!(SidecarFile::lock(&path, &mut second).is_ok());
}

#[test]
fn what_a_killed_run_left_is_replaced() {
    use chute_toggl::sidecar::file::Store as _;
    let dir = folder();
    let path = dir.path().join("toggl.json");
    let left = dir.path().join(".toggl.json.tmp");
    fs::write(&left, "half of a sid").unwrap();
    SidecarFile::lock(&path, &mut RealDisk).unwrap().save(b"new", &SavedLast::default()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(!left.exists());
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_it() {
    use chute_toggl::sidecar::file::Store as _;
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder();
    let path = dir.path().join("toggl.json");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    SidecarFile::lock(&path, &mut RealDisk).unwrap().save(b"new", &SavedLast::default()).unwrap();
    for file in [lock_path(&path), path] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_even_to_a_file_that_is_yet_to_be() {
    use chute_toggl::sidecar::file::Store as _;
    let dir = folder();
    let (link, target) = (dir.path().join("toggl.json"), dir.path().join("dotfiles/sidecar.json"));
    fs::create_dir(target.parent().unwrap()).unwrap();
    for (from, to) in [(&link, "dotfiles/next.json"), (&dir.path().join("dotfiles/next.json"), "sidecar.json")] {
        std::os::unix::fs::symlink(to, from).unwrap();
    }
    for text in ["first", "second"] {
        // The first time the target is not there.
        SidecarFile::lock(&link, &mut RealDisk).unwrap().save(text.as_bytes(), &SavedLast::default()).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), text);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        // Whichever way it is reached, it is one file with one lock.
        assert!(lock_path(&target).exists() && !lock_path(&link).exists());
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let dir = folder();
    fs::write(dir.path().join("file"), "").unwrap();
    let path = dir.path().join("file/toggl.json");
    let error = SidecarFile::lock(&path, &mut RealDisk).err().expect("a file is no folder");
    assert!(error.to_string().contains("toggl.json.lock"), "{error}");
    assert!(error.to_string().contains("--sidecar"), "{error}");
}

/// A process that was being started by another thread had a copy of the open lock file until it had begun: the lock
/// outlived its holder by that.
#[cfg(unix)]
#[test]
fn a_copy_of_the_open_lock_file_does_not_hold_the_lock() {
    let dir = folder();
    let path = dir.path().join("toggl.json");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..50 {
                // With a folder of its own it is forked first, and then begins.
                let _ = std::process::Command::new("true").current_dir("/").status();
            }
            is_done.store(true, Ordering::Relaxed);
        });
        while !is_done.load(Ordering::Relaxed) {
            assert!(SidecarFile::lock(&path, &mut RealDisk).is_ok(), "the lock was still held");
        }
    });
}

/// Taken for absent, it would be written anew, and the whole log with it.
#[test]
fn a_sidecar_that_cannot_be_read_is_not_one_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    assert!(load(&dir.path().join("toggl.json")).unwrap().is_none());
    assert!(load(dir.path()).is_err(), "a folder");
    assert!(load(&dir.path().join("a\0b")).is_err());
}
