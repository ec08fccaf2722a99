insmod /modules/dime.ko
accuracy 10
rmmod dime
