//! Channels and point processes of the set `bbp`.

mod cases;
mod channels;
mod harness;

use net_cell::mechanism::use_set;

#[test]
fn channels_agree_with_the_public_ones() {
    channels::agree_with_neuron("bbp", &[]);
}

#[test]
fn point_processes_agree_with_the_public_ones() {
    use_set("bbp").unwrap();
    let all = serde_json::from_str::<Vec<_>>(include_str!("data/points_bbp.json")).unwrap();
    cases::agree_with_neuron(&all);
}
