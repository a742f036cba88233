# Short names for parts of the two commands: `cargo run -- demo` tries it, `bash tests/run` tests it.

# Lists the recipes.
default:
    @just --list --unsorted

# Makes the demonstration and serves it at http://127.0.0.1:8000.
demo *options:
    cargo run -- demo {{ options }}

# Runs every test, or a part: `just test --only rust`.
test *options:
    bash tests/run {{ options }}

# Lays out the sources as rustfmt.toml says.
fmt:
    cargo fmt --all

# What has to pass before anything else is tried: layout, clippy and the dependencies.
lint:
    bash tests/run --only lint
