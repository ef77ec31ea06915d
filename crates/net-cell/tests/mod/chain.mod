TITLE A chain of reactions whose length is a parameter

NEURON {
    SUFFIX Chain
    RANGE n
}

PARAMETER {
    n = 4
    forward = 0.7 (/ms)
    backward = 0.2 (/ms)
}

STATE { c[4] }

INITIAL { c[0] = 1 }

BREAKPOINT { SOLVE pass METHOD sparse }

KINETIC pass {
    FROM j = 0 TO n - 2 {
        ~ c[j] <-> c[j + 1] (forward, backward*(1 + c[j]))
    }
}
