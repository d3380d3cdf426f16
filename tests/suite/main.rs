mod zone_test;
