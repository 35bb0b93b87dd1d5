package org.moe4j.sweep;

/**
 * What one trial printed, with everything it takes to run it again.
 *
 * @param spec the trial's full spec, its seed included
 * @param summary the figures
 * @param skippedSteps steps left out because the loss or a gradient was not finite
 * @param command what was typed
 * @param environment commit, JVM, machine
 * @param backend the back end's name
 * @param threads threads of the trial
 */
public record TrialResult(TrialSpec spec, TrialSummary summary, long skippedSteps, String command, Environment environment,
                          String backend, int threads) {}
