import fc from 'fast-check';

/** For runs against mutants: the same examples each time, and no more than fit in a moment. */
fc.configureGlobal({ seed: 1, interruptAfterTimeLimit: 100, markInterruptAsFailure: false });
