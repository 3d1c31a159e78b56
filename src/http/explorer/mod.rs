//! The explorer: a page, in `page/`, that shows the graph to people in their browser.

pub(super) mod files;
