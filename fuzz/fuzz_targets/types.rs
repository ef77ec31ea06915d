//! Tables of node types and edge types, of a circuit of the Allen Institute.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let folder = net_fuzz::circuit("allen");
    for table in ["v1_node_types.csv", "lgn_v1_edge_types.csv"] {
        with(&folder.join(table), text, || {
            let _ = net_sonata::validate(&folder.join("config.json")).to_string();
        });
    }
});

/// Does something while a file has another content.
fn with(path: &Path, content: &[u8], act: impl FnOnce()) {
    let original = std::fs::read(path).expect("a file in the copy");
    std::fs::write(path, content).expect("a file in the copy");
    act();
    std::fs::write(path, original).expect("a file in the copy");
}
