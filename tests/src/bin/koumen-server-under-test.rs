//! The real server, built here so that tests of real processes find it.

fn main() -> std::process::ExitCode {
    sync_server::cli::main()
}
