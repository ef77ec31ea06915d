//! `.mod` files, from text to the source of kernels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_nmodl::compile::{Settings, compile};
use net_nmodl::{Options, parse_text};

fuzz_target!(|text: &str| {
    if let Ok(parsed) = parse_text("any.mod".as_ref(), text, &Options::default()) {
        let _ = compile(&parsed, &Settings::default());
    }
});
