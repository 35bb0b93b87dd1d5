/**
 * What a reader of a sweep looks at: a table for the terminal and as CSV, three charts as PNG and SVG, and one self-contained page.
 * {@link org.moe4j.report.Report} writes them all into a folder; each part can be had alone, in a notebook for instance.
 * All of it is made from {@link org.moe4j.sweep.TrialSummary} and {@link org.moe4j.analysis}, so it can be redone at any time.
 */
package org.moe4j.report;
