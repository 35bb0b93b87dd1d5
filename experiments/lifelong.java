// What is forgotten when one domain is learned after another? Dense, learned, hashed and random routing: --text A --text B --steps N
import org.moe4j.cli.Lifelong;

void main(String[] args) {
    System.exit(Lifelong.run(args));
}
