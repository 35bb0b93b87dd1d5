// Do our numbers agree with other people's code? verify DIR computes every reference case there and compares it.
import org.moe4j.cli.Verify;

void main(String[] args) {
    System.exit(Verify.run(args)); // a line a case, then the three counts; 1 if any failed
}
