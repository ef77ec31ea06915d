//! net-mpi
