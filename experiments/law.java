// What is best at a budget by the scaling law of fine-grained mixtures? --flops 1e20 --expansion 64; alone, the paper's tables again
import org.moe4j.cli.Law;

void main(String[] args) {
    System.exit(Law.run(args));
}
