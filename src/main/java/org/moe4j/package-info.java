/** moe4j: mixtures of experts on the JVM. Start with {@code org.moe4j.experts}; the README says how to run the studies. */
package org.moe4j;
