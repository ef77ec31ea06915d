//! Checks SONATA simulations without running them:
//! `cargo run --release -p net-sonata --example validate -- simulation_config.json`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: validate CONFIG...");
        return ExitCode::from(2);
    }
    let mut all_ok = true;
    for file in &files {
        let found = net_sonata::validate(Path::new(file));
        println!("{file}\n{found}");
        all_ok &= found.is_ok();
    }
    if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
