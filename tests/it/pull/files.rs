//! The files that a pull writes: never the ones that it reads, and never the database.

use crate::pull::command::Place;
use crate::support::upstream::Settings;

#[test]
fn a_pull_does_not_write_over_the_database_or_what_it_reads() {
    let place = Place::with(Settings::default());
    place.ends(&[], 0);
    let folder = place.folder.path();
    let db = place.db.file_name().unwrap().to_str().unwrap();
    for name in ["other.ndjson.partial", "link"] {
        std::os::unix::fs::symlink(&place.db, folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("notes"), "remember\n").unwrap();
    let kept = || {
        [&place.db, &place.path("token"), &place.path("notes")].map(|it| std::fs::read(it).unwrap())
    };
    let (before, seen) = (kept(), place.stand_in.seen().len());
    let wal = format!("{db}-wal");
    for (arguments, code, why) in [
        (&["--output", db][..], 2, "that is the database"),
        (&["--output", &wal], 2, "that is the path of a file of the database"),
        (&["--output", "link"], 2, "that is the database"),
        (&["--output", "other.ndjson"], 2, "that is the database"),
        (&["--output", "token"], 2, "that is the file that is read"),
        (&["--output", "."], 2, "is no file"),
        (&["--output", "new.ndjson", "--state", db], 2, "that is the database"),
        (&["--output", "new.ndjson", "--state", "token"], 2, "that is the file that is read"),
        (&["--output", "new.ndjson", "--state", "new.ndjson"], 2, "to one file"),
        (&["--output", "new.ndjson", "--state", "new.ndjson.partial"], 2, "to one file"),
        (&["--state", db], 2, "that is the database"),
        (&["--state", "token"], 2, "that is the file that is read"),
        (&["--state", "notes"], 1, "not the log of a pull"),
    ] {
        for fresh in [&[][..], &["--fresh"]] {
            let (_, errors) = place.ends(&[arguments, fresh].concat(), code);
            assert!(errors.contains(why), "{arguments:?}: {errors}");
            assert_eq!(kept(), before, "{arguments:?}");
        }
    }
    assert_eq!(place.stand_in.seen().len(), seen);
    // What it costs may be asked all the same.
    place.ends(&["--output", db, "--dry-run"], 0);
    assert_eq!(kept(), before);
    place.assert_whole(&place.db);
}
