//! net-io
