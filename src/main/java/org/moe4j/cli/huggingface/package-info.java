/** Hugging Face checkpoints on the command line: {@link org.moe4j.cli.huggingface.HuggingFace} has one subcommand in each other file. */
package org.moe4j.cli.huggingface;
