NEURON {
    SUFFIX search
    RANGE n, found
}
PARAMETER { n = 10 }
ASSIGNED { v (mV) found }

FUNCTION first(x) {
    LOCAL k
    k = 0
    first = -1
    while (k < n) {
        if (x > k) {
            first = k
VERBATIM
:^ `return` in VERBATIM is supported at the end of a routine
            return _lfirst;
ENDVERBATIM
        }
        k = k + 1
    }
}
BREAKPOINT { found = first(v) }
