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
:                       ^ METHOD `cnexp` cannot solve a KINETIC block
    ik = gbar*n*n*n*n*(v - ek)
}
KINETIC states { ~ n << (0.1) }
