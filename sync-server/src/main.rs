//! `koumen-server`: the sync server's command line. `--help` tells all.

fn main() -> std::process::ExitCode {
    sync_server::cli::main()
}
