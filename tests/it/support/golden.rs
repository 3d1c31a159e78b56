//! Files that say what is expected. `RELATA_BLESS=1 cargo test` writes them
//! anew; read the difference before committing it.

use std::path::Path;

/// Returns whether what is shown is to be written anew.
pub(crate) fn is_blessed() -> bool {
    std::env::var_os("RELATA_BLESS").is_some()
}

/// Compares with `tests/golden/{name}`.
pub(crate) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if is_blessed() {
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        assert!(
            written.and_then(|()| std::fs::write(&path, actual)).is_ok(),
            "{name}: not written"
        );
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} differs; RELATA_BLESS=1 accepts it");
}
