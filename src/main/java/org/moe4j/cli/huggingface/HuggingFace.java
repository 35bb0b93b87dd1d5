package org.moe4j.cli.huggingface;

import java.util.concurrent.Callable;

import org.moe4j.cli.PlainCommand;
import org.moe4j.io.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Looks into, runs, fine-tunes and writes checkpoints of Hugging Face's layout. */
@Command(name = "experiments/run huggingface", sortOptions = false, subcommands = {Inspect.class, Logits.class, Generate.class, FineTune.class, Export.class},
    description = "Checkpoints of Hugging Face's layout (config.json and safetensors) of Mixtral and OLMoE.")
public final class HuggingFace implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        throw new InputException("say what to do: experiments/run huggingface inspect|logits|generate|finetune|export, each with --help");
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new HuggingFace(),
            missing -> missing.getMessage() + ": experiments/run " + missing.getCommandLine().getCommandName() + " --help says more", args);
    }
}
