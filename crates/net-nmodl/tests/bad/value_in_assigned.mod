NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
}
ASSIGNED {
    v = -65 (mV)
:     ^ only a PARAMETER or CONSTANT has a value where it is declared
    i (mA/cm2)
}
BREAKPOINT {
    i = g*(v - e)
}
