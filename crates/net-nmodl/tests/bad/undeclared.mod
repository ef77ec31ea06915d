NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, erec
}
PARAMETER {
    g = 0.001 (S/cm2)
    erec = -70 (mV)
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = g*(v - erev)
:              ^ `erev` is not declared
}
