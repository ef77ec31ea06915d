TITLE A loop in an equation

NEURON {
    SUFFIX Rounds
    RANGE order, rate
}

PARAMETER {
    order = 3
    rate = 0.5 (/ms)
}

STATE { x }

INITIAL { x = 2 }

BREAKPOINT { SOLVE fall METHOD derivimplicit }

DERIVATIVE fall {
    LOCAL power, k
    power = 1
    k = 0
    while (k < order) {
        power = power*x
        k = k + 1
    }
    x' = -rate*power
}
