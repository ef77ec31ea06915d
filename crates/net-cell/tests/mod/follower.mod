: Follows a variable elsewhere with a delay, and counts there how often it has looked.
NEURON {
    SUFFIX follow
    POINTER source, counter
    RANGE y, tau
}
PARAMETER { tau = 2 (ms) <1e-9, 1e9> }
ASSIGNED { source counter }
STATE { y }
INITIAL { y = source }
BREAKPOINT { SOLVE follow METHOD cnexp }
DERIVATIVE follow { y' = (source - y)/tau }
AFTER SOLVE { counter = counter + 1 }
