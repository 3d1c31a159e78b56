//! The files of the page.

use crate::http::respond::fixed_text::FixedText;

const SCRIPT: &str = "text/javascript; charset=utf-8";

const STYLE: &str = "text/css; charset=utf-8";

/// A file and the name by which it is asked for.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) content: FixedText,
}

/// Makes files of the folder `page` a table.
macro_rules! files {
    ($($name:literal: $media_type:expr,)*) => {
        /// What the page loads.
        pub(crate) static FILES: [File; [$($name),*].len()] = [$(File {
            name: $name,
            content: FixedText::new(include_str!(concat!("page/", $name)), $media_type),
        }),*];
    };
}

/// The page itself, which is answered under the name of its folder.
pub(crate) static INDEX: FixedText =
    FixedText::new(include_str!("page/index.html"), "text/html; charset=utf-8");

files! {
    "api-client.mjs": SCRIPT,
    "appearance.mjs": SCRIPT,
    "badge.mjs": SCRIPT,
    "bodies.mjs": SCRIPT,
    "camera.mjs": SCRIPT,
    "canvas-renderer.mjs": SCRIPT,
    "change-log.mjs": SCRIPT,
    "change-table.mjs": SCRIPT,
    "change-words.mjs": SCRIPT,
    "changes-view.mjs": SCRIPT,
    "curves.mjs": SCRIPT,
    "data-export.mjs": SCRIPT,
    "dead-letter-panel.mjs": SCRIPT,
    "dead-letters-view.mjs": SCRIPT,
    "dead-letters.mjs": SCRIPT,
    "deletions.mjs": SCRIPT,
    "dialog.mjs": SCRIPT,
    "diff-model.mjs": SCRIPT,
    "diff-view.mjs": SCRIPT,
    "dom.mjs": SCRIPT,
    "explorer.css": STYLE,
    "export-dialog.mjs": SCRIPT,
    "first-run.mjs": SCRIPT,
    "force-layout.mjs": SCRIPT,
    "frame.mjs": SCRIPT,
    "graph-actions.mjs": SCRIPT,
    "graph-view.mjs": SCRIPT,
    "help-dialog.mjs": SCRIPT,
    "highlight.mjs": SCRIPT,
    "history.mjs": SCRIPT,
    "hit-test.mjs": SCRIPT,
    "keyboard.mjs": SCRIPT,
    "label-places.mjs": SCRIPT,
    "labels.mjs": SCRIPT,
    "layered-layout.mjs": SCRIPT,
    "list-view.mjs": SCRIPT,
    "live-changes.mjs": SCRIPT,
    "live-marks.mjs": SCRIPT,
    "live.mjs": SCRIPT,
    "locations-view.mjs": SCRIPT,
    "main.mjs": SCRIPT,
    "menu.mjs": SCRIPT,
    "object-kinds.mjs": SCRIPT,
    "object-view.mjs": SCRIPT,
    "occupancy.mjs": SCRIPT,
    "overlaps.mjs": SCRIPT,
    "overview-view.mjs": SCRIPT,
    "parallel-links.mjs": SCRIPT,
    "path-model.mjs": SCRIPT,
    "path-view.mjs": SCRIPT,
    "picture-export.mjs": SCRIPT,
    "picture-model.mjs": SCRIPT,
    "picture.mjs": SCRIPT,
    "placement.mjs": SCRIPT,
    "pointer.mjs": SCRIPT,
    "quadtree.mjs": SCRIPT,
    "record-cards.mjs": SCRIPT,
    "record-events.mjs": SCRIPT,
    "record-link.mjs": SCRIPT,
    "record-panel.mjs": SCRIPT,
    "router.mjs": SCRIPT,
    "scene.mjs": SCRIPT,
    "search-box.mjs": SCRIPT,
    "shapes.mjs": SCRIPT,
    "sizes.mjs": SCRIPT,
    "sse.mjs": SCRIPT,
    "state.mjs": SCRIPT,
    "svg-export.mjs": SCRIPT,
    "text-width.mjs": SCRIPT,
    "theme.mjs": SCRIPT,
    "time-control.mjs": SCRIPT,
    "time-range.mjs": SCRIPT,
    "token-dialog.mjs": SCRIPT,
    "views.mjs": SCRIPT,
    "violation-rows.mjs": SCRIPT,
    "violations-view.mjs": SCRIPT,
}
