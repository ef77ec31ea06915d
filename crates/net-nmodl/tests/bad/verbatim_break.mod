NEURON {
    SUFFIX search
    RANGE n, found
}
PARAMETER { n = 10 }
ASSIGNED { v (mV) found }

PROCEDURE look() {
    LOCAL k
    k = 0
    found = 0
    while (k < n) {
        if (v > k) {
            found = k
VERBATIM
:^ `break` in VERBATIM is not supported
            break;
ENDVERBATIM
        }
        k = k + 1
    }
}
BREAKPOINT { look() }
