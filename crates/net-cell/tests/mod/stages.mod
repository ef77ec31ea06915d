: Writes down what is seen before and after the parts of a step.
NEURON {
    SUFFIX stages
    RANGE built, began, before, solved, stepped, tbefore, tsolved, tstepped, x
}
STATE { x }
ASSIGNED { v (mV) built began before solved stepped tbefore (ms) tsolved (ms) tstepped (ms) }
CONSTRUCTOR { built = 3 }
BEFORE INITIAL { began = built + 1 }
INITIAL { x = began }
BEFORE BREAKPOINT { before = x  tbefore = t }
BREAKPOINT { SOLVE grow METHOD cnexp }
DERIVATIVE grow { x' = -0.1*x + 0*before }
AFTER SOLVE { solved = x  tsolved = t }
BEFORE STEP { stepped = stepped + 1  tstepped = t }
