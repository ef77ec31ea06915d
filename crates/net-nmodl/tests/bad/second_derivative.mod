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
    SOLVE states METHOD cnexp
    ik = gbar*n*n*n*n*(v - ek)
}
DERIVATIVE states {
    n'' = 0.5 - n
:   ^ only first derivatives can be solved
}
