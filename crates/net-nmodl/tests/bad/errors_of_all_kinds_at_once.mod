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
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = gg*(v - e)
:       ^ `gg` is not declared
    i = i + * 2
:           ^ expected an expression, found `*`
    j = 1
:   ^ `j` is not declared
}
INITIAL {
    i = (1 + 2
:             ^ expected `)`, found the end of the line
    i = exp(1, 2)
:       ^ `exp` takes 1 argument, not 2
}
