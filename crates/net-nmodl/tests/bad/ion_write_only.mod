NEURON {
    SUFFIX kdr
    USEION k READ ek WRITE ik, ki
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
    ki (mM)
:   ^ warning: `ki` is in WRITE but never assigned
}
INITIAL { n = 0.3 }
BREAKPOINT {
    SOLVE states METHOD cnexp
    ik = gbar*n*n*n*n*(v - ek)*ki
}
DERIVATIVE states { n' = (0.5 - n)/5 }
