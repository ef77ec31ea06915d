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
    rates(v)
    SOLVE states METHOD cnexp
    ik = gbar*n*n*n*n*(v - ek)
}
DERIVATIVE states { n' = (0.5 - n)/5 }
PROCEDURE rates(v (mV)) {
    TABLE ninf FROM -100 TO 100 WITH 200
:         ^ `ninf` is not declared
    n = n
}
