//! net-sim
