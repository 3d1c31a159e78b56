# Tasks for people who work on Relata. `just` lists them.

_default:
    @just --list

# Run a server with sample data
demo:
    cargo run --release -- serve --demo

# Run the tests, as the README does
test *arguments:
    cargo test {{arguments}}

# Run the tests with other programs: readers of the exports, HighLevel's clients; installs them
readers:
    tests/readers/install
    RELATA_READERS=required cargo test --test readers

# Run the tests that look at the explorer in Chromium and Firefox, and install what they need
browser:
    tests/browser/install
    RELATA_BROWSER=required cargo test --test readers browser::

# Make the pictures of the explorer in docs/screenshots; installs Chromium
screenshots:
    tests/browser/screenshots

# Run kill loops, disk faults and random input at length; tests that take a fixed time take ten minutes each
long:
    RELATA_LONG=1 cargo test --release -- --nocapture

# Run one benchmark: http, questions, search, store, feed, exports, isolation, locations or linkbench
bench name *arguments:
    cargo bench --bench {{name}} -- {{arguments}}

# Print what requests and queries cost next to baselines of the same run, and next to recorded figures
ratios:
    cargo bench --bench http -- 5 2 1000000
    cargo bench --bench questions -- table

# Build the documentation of the crate
docs:
    cargo doc --no-deps

# Build the pages of docs/ as a book in target/book (needs mdbook)
book:
    mdbook build

# Check the licences and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny --all-features check --hide-inclusion-graph bans licenses sources

# Run everything that a change must pass
gate:
    .ci/run
