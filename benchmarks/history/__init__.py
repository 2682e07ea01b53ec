"""Whether a day costs the same however many days lie before it: marts of one day, and the ticks of the sensors."""
