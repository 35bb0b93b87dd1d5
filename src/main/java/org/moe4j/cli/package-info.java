/**
 * The command line of the studies: options made from the components of a spec, so that an option, a YAML field and a record
 * component are one thing, and mistakes said in one sentence.
 */
package org.moe4j.cli;
