//! Channels of the set `bbp`.

mod channels;
mod harness;

#[test]
fn channels_agree_with_the_public_ones() {
    channels::agree_with_neuron("bbp", &[]);
}
