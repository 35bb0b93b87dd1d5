// How fast are the kernels and training steps here, beside what the machine can do? (JMH; some minutes)
import org.moe4j.cli.Benchmarks;

void main(String[] args) {
    System.exit(Benchmarks.run(args)); // a line a benchmark: GFLOP/s, GB/s, tokens/s, allocation
}
