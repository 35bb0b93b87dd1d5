package org.moe4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * PyTorch by a program of ours, experiments/peers/torch_works.py, that stays ready: it prints a line with the names of its ways to do a work,
 * then answers each line "way seconds" with the mean time of a run.
 */
final class TorchProgram {
    private static final Path PROGRAM = Path.of("experiments", "peers", "torch_works.py");
    static final String CPU = "cpu";
    private static final List<String> PYTHONS = List.of("/usr/bin/python3", "python3");

    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;
    private int open;

    private TorchProgram(List<String> program, String work, Size size, String device, int threads) {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(work, device, Integer.toString(threads)));
        command.addAll(List.of(size.toString().split(" ")));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads)); // read before torch is loaded
        builder.environment().put("OPENBLAS_NUM_THREADS", Integer.toString(threads));
        try {
            process = builder.start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        answers = process.inputReader();
        questions = process.outputWriter();
    }

    /** The first Python here that can import torch, with a GPU where one is asked for, or null. */
    private static String python(String device) {
        String check = "import torch" + (device.equals(CPU) ? "" : "; torch.zeros(1, device='" + device + "')");
        for (String python : PYTHONS) {
            try {
                Process asked = new ProcessBuilder(python, "-c", check).redirectErrorStream(true).start();
                asked.getInputStream().readAllBytes();
                if (asked.waitFor(60, TimeUnit.SECONDS) && asked.exitValue() == 0) {
                    return python;
                }
            } catch (IOException absent) {
                continue;
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return null;
            }
        }
        return null;
    }

    /** @param device {@link #CPU}, cuda or cuda:N */
    static String missing(String device) {
        if (python(device) != null) {
            return null;
        }
        return device.equals(CPU) ? "PyTorch (no Python here imports torch; Debian has python3-torch)" : "PyTorch (no Python here imports torch and reaches " + device + ")";
    }

    /** By the Python that has it. */
    static List<Peer> open(String work, Size size, String device, int threads) {
        return open(List.of(python(device), PROGRAM.toString()), work, size, device, threads);
    }

    /** One peer for each way in which a program does the work; none if it does not know it. */
    static List<Peer> open(List<String> command, String work, Size size, String device, int threads) {
        TorchProgram program = new TorchProgram(command, work, size, device, threads);
        String ways = program.answer();
        List<Peer> peers = new ArrayList<>();
        for (String way : ways.isEmpty() ? new String[0] : ways.split("\t")) {
            peers.add(program.new Way(way));
            program.open++;
        }
        return peers;
    }

    private String answer() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException("the PyTorch program ended without an answer; what it said is above");
            }
            return line;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** One of the program's ways. */
    private final class Way implements Peer {
        private final String name;

        Way(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public double secondsPerRun(double atLeast) {
            try {
                questions.write(name + "\t" + atLeast + "\n");
                questions.flush();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            return Double.parseDouble(answer());
        }

        @Override
        public OptionalLong process() {
            return OptionalLong.of(process.pid());
        }

        @Override
        public void close() {
            if (--open == 0) {
                process.destroy();
            }
        }
    }
}
