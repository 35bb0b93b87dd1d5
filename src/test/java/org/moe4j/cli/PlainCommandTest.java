package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class PlainCommandTest {
    @Command(name = "full")
    static final class FullHeap implements Callable<Integer> {
        @Override
        public Integer call() {
            throw new OutOfMemoryError("Java heap space");
        }
    }

    @Command(name = "one")
    static final class One implements Callable<Integer> {
        @Parameters
        private String name;

        @Option(names = {"-c", "--chip"})
        private String chip;

        @Override
        public Integer call() {
            return 0;
        }
    }

    private static void refused(String sentence, String... args) {
        Ran ran = Ran.of(() -> PlainCommand.run(new One(), missing -> "give a name", args));
        assertThat(ran.err().strip()).isEqualTo(sentence);
        assertThat(ran.exit()).isEqualTo(2);
    }

    @Test
    void saysWhichWordIsWrong() {
        refused("'dbrx' is one argument too many; --help shows what there is", "glam", "dbrx");
        refused("option --chip wants a value", "glam", "--chip");
        refused("option --chip wants a value", "glam", "-c");
        refused("give a name");
        refused("unknown option '--chp': did you mean '--chip'? known are --chip", "glam", "--chp", "h100");
    }

    @Test
    void aFullHeapIsOneSentenceAndExitCodeTwo() {
        Ran ran = Ran.of(() -> PlainCommand.run(new FullHeap(), CommandLine.MissingParameterException::getMessage));
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.err()).containsOnlyOnce("\n").matches("the heap of \\d+ MB is full; MOE4J_HEAP .*\\s*");
    }
}
