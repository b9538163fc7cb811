//! The real headless device, built here so that tests of real processes find it.

fn main() -> std::process::ExitCode {
    device::main()
}
