//! `koumen-device`: a device without a screen. `--help` tells all.

fn main() -> std::process::ExitCode {
    device::main()
}
