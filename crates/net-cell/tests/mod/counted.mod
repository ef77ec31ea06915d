TITLE Loops and elements of arrays that only the run knows

NEURON {
    SUFFIX Counted
    RANGE n, first, k, sum, picked
}

PARAMETER {
    n = 3
    first = 0
    k = 1
    rate = 0.5 (/ms)
}

ASSIGNED {
    a[5]
    sum
    picked
}

STATE { y c[4] }

INITIAL {
    FROM j = 0 TO 4 { a[j] = j*j }
    a[k] = 100
    y = 0
    c[0] = 1
}

BREAKPOINT {
    SOLVE follow METHOD cnexp
    sum = 0
    FROM j = first TO n - 1 BY 2 { sum = sum + a[j] }
    picked = a[k]
}

DERIVATIVE follow { y' = (a[k] - y)*rate }
