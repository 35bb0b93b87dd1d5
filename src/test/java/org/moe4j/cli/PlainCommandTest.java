package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class PlainCommandTest {
    @Command(name = "full")
    static final class FullHeap implements Callable<Integer> {
        @Override
        public Integer call() {
            throw new OutOfMemoryError("Java heap space");
        }
    }

    @Test
    void aFullHeapIsOneSentenceAndExitCodeTwo() {
        Ran ran = Ran.of(() -> PlainCommand.run(new FullHeap(), CommandLine.MissingParameterException::getMessage));
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.err()).containsOnlyOnce("\n").matches("the heap of \\d+ MB is full; MOE4J_HEAP .*\\s*");
    }
}
