NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
}
LOCAL first
ASSIGNED {
    v (mV)
    i (mA/cm2)
    first
:   ^ warning: `first` stays the LOCAL of line 10
    before
    behind
    both
}
BREAKPOINT {
    before = v - e
    both = g
    i = both*before
}
LOCAL before, behind, both
:     ^ warning: `before` is declared in line 16 and not used behind here
:             ^ warning: `behind` is not the variable of line 17
:                     ^ `both` is declared twice
INITIAL {
    first = 1
    behind = first
    both = behind
}
