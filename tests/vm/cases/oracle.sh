insmod /modules/dime.ko
oracle
rmmod dime
