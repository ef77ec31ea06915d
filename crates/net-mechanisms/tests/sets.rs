//! The tables of the built-in sets.

use std::collections::HashSet;

use net_kernel::table::{CONSTANT_LINEAR, LINEAR};

use net_mechanisms::sets;

/// What makes leaks free and lets synapses share their states must be found in the files.
#[test]
fn linear_mechanisms_are_recognized() {
    let flags = |name: &str| {
        let all = sets().iter().flat_map(|set| &set.mechanisms);
        // SAFETY: the tables are part of this program.
        let of = all.filter(|table| unsafe { table.name.get() } == name);
        of.map(|table| table.flags).collect::<Vec<u32>>()
    };
    assert_eq!(flags("pas"), [CONSTANT_LINEAR]);
    for synapse in ["ExpSyn", "Exp2Syn", "ExpSynI"] {
        assert_eq!(flags(synapse), [LINEAR], "{synapse}");
    }
}

#[test]
fn names_are_unique_in_a_set() {
    for set in sets() {
        let mut names = HashSet::new();
        for table in &set.mechanisms {
            // SAFETY: the tables are part of this program.
            let name = unsafe { table.name.get() };
            assert!(names.insert(name), "{name} is twice in {}", set.name);
        }
    }
}
