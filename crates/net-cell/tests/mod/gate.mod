: Channels that open and close one by one, drawn in a loop of as many draws as there are channels.
NEURON {
    SUFFIX gate
    RANGE n, open, rate, noise, number
    RANDOM r
}
PARAMETER {
    n = 20
    rate = 0.1 (/ms)
}
STATE { open }
ASSIGNED { dt (ms) noise number }
INITIAL {
    open = 0
    noise = random_normal(r)
}
BREAKPOINT { SOLVE turn }
PROCEDURE turn() {
    LOCAL k, opened, closed
    opened = 0
    closed = 0
    k = 0
    while (k < n - open) {
        if (random_uniform(r) < rate*dt) {
            opened = opened + 1
        }
        k = k + 1
    }
    k = 0
    while (k < open) {
        if (random_uniform(r) < 2*rate*dt) {
            closed = closed + 1
        }
        k = k + 1
    }
    open = open + opened - closed
    noise = random_normal(r, 1, 2)
    number = random_negexp(r, 3)
}
