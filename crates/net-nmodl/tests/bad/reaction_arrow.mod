NEURON {
    SUFFIX kdr
    USEION k READ ek WRITE ik
    RANGE gbar
}
PARAMETER {
    gbar = 0.036 (S/cm2)
}
STATE { n }
ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
}
INITIAL { n = 0.3 }
BREAKPOINT {
    SOLVE states METHOD sparse
    ik = gbar*n*n*n*n*(v - ek)
}
KINETIC states {
    ~ n <= 3
:       ^ expected `<->`, `->` or `<<`, found `<=`
}
