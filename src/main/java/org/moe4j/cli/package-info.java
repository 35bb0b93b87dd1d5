/**
 * The command line: sweeps, whose options are made from the components of a spec, so that an option, a YAML field and a record
 * component are one thing, and one class for each other script of {@code experiments}. Mistakes are said in one sentence, exit code 2.
 */
package org.moe4j.cli;
